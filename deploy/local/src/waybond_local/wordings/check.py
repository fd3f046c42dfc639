"""All checks of a wording, as findings in the order of the file."""

from waybond_local.wordings.contradictions import contradictions
from waybond_local.wordings.finding import Finding
from waybond_local.wordings.ground import Ground
from waybond_local.wordings.needs import needs
from waybond_local.wordings.overlaps import overlaps
from waybond_local.wordings.reading import Read
from waybond_local.wordings.sent_back import never
from waybond_local.wordings.unreachable import unreachable


def check(read: Read) -> tuple[Finding, ...]:
    """Everything that is found in a file, by its lines."""
    ground = Ground(read.wording)
    impossible = (*unreachable(ground), *never(ground))
    found = (*contradictions(ground, read.body), *overlaps(ground), *impossible, *needs(ground))
    return tuple(sorted(dict.fromkeys(found), key=lambda each: read.line(each.path)))
