"""Plants one fault in the child processes of a chaos run; Python runs this file at their start.

Only ``tests/chaos`` puts this folder on a path. Other processes stay as they are.
"""

import os
import sys

if os.environ.get("RIG_FAULT") and any("service.child_" in word for word in sys.orig_argv):
    from tests.chaos import rig_faults

    rig_faults.plant(os.environ["RIG_FAULT"])
