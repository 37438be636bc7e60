"""Pictures as they are."""

from edged.node.veil import Veil
from edged.recognition.finding import Cascade

NO_VEIL = Veil(False, Cascade)
