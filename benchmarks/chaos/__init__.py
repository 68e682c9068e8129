"""The parts of `benchmarks.payments_chaos`: what runs and is killed, who pays, and what is compared at the end."""
