"""The HTTP side: a route table, handlers, one error table. Never imports the simulator."""
