"""edged turns cameras into facts on NATS."""

import os

__version__ = "0.1.0"

# onnxruntime reports to its maker, and keeps a number for this box on its disk, unless it is told not to before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ["ORT_TELEMETRY_DISABLED"] = "1"
