"""wallets: who owns what. A double-entry ledger, and the only door through which value enters or leaves the engine.

RPCs     WalletsService.ListBalances; on the local stack SandboxService.Fund.
Tables   assets, ledger_accounts, ledger_transfers, ledger_entries (append-only), engine_transfers, outbox (commands
         for the engine), consumer_position.
Calls    EngineService: Submit (TransferIn), Events, Query.

Invariants
1. Every ledger transfer sums to zero per asset; entries are never changed; a balance is the newest entry.
2. Value enters the engine only by a transfer whose number is contiguous, queued in the transaction that moves
   the same amount from `external` to `in_transit`.
3. The engine's events move it on: each block of events is booked at most once, with the position that names it.
4. `trading` of an account equals the engine's available plus held at the same engine_seq: what a run of blocks
   changed is compared after it, and a difference is logged and counted.
5. No account but `external` is ever below zero.
"""
