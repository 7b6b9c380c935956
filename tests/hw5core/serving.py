"""A server to be killed: trains the runs it is given as JSON, with an engine on the store in the folder it is given."""

import json
import sys
import time
from pathlib import Path

from hw5core.engine.engine import Engine
from hw5core.runs.config import RunConfig
from hw5core.store.store import RunStore

if __name__ == "__main__":
    engine = Engine(RunStore(Path(sys.argv[1])))
    engine.start([RunConfig(**config) for config in json.loads(sys.argv[2])])
    time.sleep(600)
