"""The local stack: one launcher that starts the real servers and the services as child processes.

One file per server (`postgres`, `redis`, `openbao`, `kafka`, `registry`, `envoy`), one table for our own services
(`services`), and the launcher (`launcher`) that knows none of them by name.

Invariants:
1. All state lives under one folder, held by one launcher at a time.
2. A part starts when the parts it needs are ready, and is stopped before them.
3. Nothing outlives the launcher: children are killed by the kernel when it dies.
4. Servers listen on 127.0.0.1 only.
"""
