"""market_data: books and trades for everyone, mirrored from the engine.

RPCs     MarketDataService: ListInstruments, GetBook, StreamBook, StreamTrades.
Tables   none: the mirror lives in memory and is rebuilt from the engine.
Calls    EngineService.Events.

Invariants
1. What is told is durable, and in the engine's order; its numbers are the engine's, so every replica tells the same.
2. Nothing is skipped in silence: a hole in the engine's events means a new snapshot, a late subscriber is told so.
3. While the engine is not followed there is no answer, no heartbeat, and health says NOT_SERVING.
4. A subscriber is a cursor: nothing is queued for it. A message is encoded once for all who stand at the same place.

One event loop, no threads, no locks. Deliberately absent: storage, candles, tickers, order-by-order books.
"""
