"""Identity: users, sessions, tokens.

Serves `exchange.auth.v1.AuthService`: GetJwks, Register, Login, RefreshToken, Logout, GetCurrentUser.
Owns the PostgreSQL tables users, sessions, refresh_tokens and its outbox, and the sessions in Redis. Publishes
`user-events`. Issues account numbers, and has the engine open them.

1. A password is stored as an Argon2id hash, a refresh token as its SHA-256; neither is in a log or an event.
2. The key that signs access tokens never leaves the vault.
3. A refresh token works once. Its second use ends the session of whoever holds it.
4. A user, the opening of the user's account and the event that tells of it are kept together or not at all.
5. Without Redis tokens live until they expire; without Kafka or the engine, what is due to them waits in the outbox.
"""
