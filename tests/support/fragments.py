"""The fragments of our own that a BPMN diagram has."""

from __future__ import annotations

from typing import Final

from metrics import OWN_FRAGMENTS, Kind
from metrics.catalog import own_metric

OF_BPMN: Final = [name for name in OWN_FRAGMENTS if Kind.BPMN in own_metric(name).kinds]
