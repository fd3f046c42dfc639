"""The kinds of harm, each by its name."""

from tests.chaos.harms import brokers, deploy, inputs, kill, marathon, network, points, postgres, rebalance, zombie
from tests.chaos.harms.harm import Harm

HARMS: dict[str, Harm] = {
    harm.name: harm
    for module in (kill, zombie, points, postgres, brokers, network, rebalance, deploy, inputs, marathon)
    for harm in module.HARMS
}
