-- Browsers that somebody signed in from before: their tries are counted apart, so that nobody can
-- lock a person out. Only the hash of the cookie is here.
CREATE TABLE known_devices (
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX known_devices_user ON known_devices (user_id);

-- Sessions that were ended lately, so that every process closes their sockets.
CREATE TABLE ended_sessions (
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    ended_at   BIGINT NOT NULL
);
CREATE INDEX ended_sessions_age ON ended_sessions (ended_at);
