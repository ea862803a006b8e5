"""A worker process: the jobs and the sweeper, without the web."""

from service.child import run_child
from service.worker import run_worker

if __name__ == "__main__":
    run_child(run_worker)
