"""The matching engine: the single writer of a shard.

Serves `exchange.engine.v1.EngineService`: Submit, Events, GetState, Query; and `exchange.engine.v1.AdminService`:
OpenAccount, CreateInstrument, TakeSnapshot. Owns the order of everything (journal, event log, snapshots in one folder)
and what follows from it: books, orders, trading balances. The core is `_core`, in C++. `relay` is a process of its own.

1. Every command takes its place in the journal first to last; what it caused follows from the journal alone.
2. Nothing leaves (answer, event, query, snapshot) before the command that caused it is durable.
3. Answers of a stream come in the order of its batches. A stream holds a bounded number of them: who does not read
   them is not read from.
4. Engine time never goes back. When the wall clock departs from the monotonic one, sequencing stops.
5. A failed journal ends the process; what was not acknowledged is unknown to the caller, who repeats it.
"""
