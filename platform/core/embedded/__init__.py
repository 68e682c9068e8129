"""The embedded PostgreSQL and Redis behind `make run` and `make test`, and the supervisor that runs all of Buka."""
