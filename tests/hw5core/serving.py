"""A server that a test kills: it trains the runs in the JSON of its second argument, in the store of its first."""

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
