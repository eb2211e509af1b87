"""Identity: users, sessions, tokens.

Serves `exchange.auth.v1.AuthService`: GetJwks, Register, Login, RefreshToken, Logout, GetCurrentUser, CreateSubaccount,
ListSubaccounts. Owns the PostgreSQL tables users, subaccounts, sessions, refresh_tokens and its outbox, and the
sessions in Redis. Publishes `user-events`. Issues account numbers, and has the engine open them.

1. A password is stored as an Argon2id hash, a refresh token as its SHA-256; neither is in a log or an event.
2. The key that signs access tokens never leaves the vault.
3. A refresh token works once. Its second use ends the session of whoever holds it.
4. An account, a user's own or a sub-account, its opening and the event that tells of it are kept together or not at
   all.
5. A session acts for one account for as long as it lasts; of a sub-account, it sees nothing of the firm beside it.
6. Without Redis tokens live until they expire; without Kafka or the engine, what is due to them waits in the outbox.
"""
