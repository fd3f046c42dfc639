"""Claims as a service: what it reads, what it decides with, its books and its routes."""

from pathlib import Path

from waybond_claims.case.state import Case
from waybond_claims.decide import decide
from waybond_claims.service.brakes import Brakes
from waybond_claims.service.codec import CaseCodec
from waybond_claims.service.figures import ClaimsFigures
from waybond_claims.service.routes import routes
from waybond_claims.service.storage import ClaimsStorage
from waybond_contracts import topics
from waybond_kit.service import Definition, Input, InputKind

DEFINITION: Definition[Case] = Definition(
    name="claims",
    inputs=(
        Input(topics.ORDERS, InputKind.OUTSIDE),
        Input(topics.DISPUTES, InputKind.OUTSIDE),
        Input(topics.POLICIES, InputKind.OWN),
        Input(topics.DELAYS, InputKind.OWN),
        Input(topics.REFUND_RESULTS, InputKind.ANSWERS),
        Input(topics.SIGNALS, InputKind.ANSWERS),
        Input(topics.CLAIM_COMMANDS, InputKind.ANSWERS),
        Input(topics.OPERATOR_COMMANDS, InputKind.ANSWERS),
    ),
    progress_topics=(topics.REFUNDS,),
    decide=decide,
    codec=CaseCodec(),
    storage=ClaimsStorage(),
    migrations=Path(__file__).parent / "sql",
    knowing=Brakes,
    figures=ClaimsFigures,
    routes=routes,
)
