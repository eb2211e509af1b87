"""Order entry and order history.

Serves `exchange.orders.v1.OrdersService` (PlaceOrder, PreviewOrder, AmendOrder, CancelOrder, MassCancel,
CancelAllAfter, OpenSession, Heartbeat, CloseSession, GetOrder, ListOrders, ListTrades, StreamAccount), for the account
of the token; `entry` is a process of its own for the stream OrderEntry. Calls the engine: Submit, Events, GetState,
Query.
Tables: instrument, account_order, account_fill, trade_bust, account_events, the position of the projection; twap,
twap_slice.

Invariants:
1. It holds no book and no balance. What it knows of instruments is a mirror of the engine's events and may be old;
   scales never change, so old knowledge cannot change a price.
2. A request becomes one command, or nothing: what is refused here was never sequenced and consumes no id. A TWAP is the
   exception: it is kept here, and becomes commands over time.
3. History is written from the engine's events alone, each exactly once, with the position in the same transaction.
4. A read answers as of the last command that was durable when it arrived, or later, or not at all.
5. A private stream tells each event of its account once, in order, once the engine's journal holds it: it waits for
   the history only for what it no longer keeps in memory, and ends rather than skip.
"""
