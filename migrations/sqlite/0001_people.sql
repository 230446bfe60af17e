-- Who this platform is: one row, given at first start and signed for ever.
CREATE TABLE platform (
    id           BIGINT  NOT NULL PRIMARY KEY CHECK (id = 1),
    name         TEXT    NOT NULL,
    mail_domains TEXT    NOT NULL,
    incarnation  BLOB    NOT NULL,
    trial        BOOLEAN NOT NULL,
    created_at   BIGINT  NOT NULL
);

-- Where an address is reached: on a platform, or by mail where that is NULL.
CREATE TABLE recipients (
    address    TEXT   NOT NULL PRIMARY KEY,
    platform   TEXT,
    expires_at BIGINT NOT NULL
);

-- The accounts of this platform.
CREATE TABLE users (
    id         INTEGER PRIMARY KEY,
    address    TEXT   NOT NULL UNIQUE,
    name       TEXT   NOT NULL,
    password   TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

-- How many changes each person has been told of, and up to which of them the rows are gone.
CREATE TABLE feed_heads (
    user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    n       BIGINT NOT NULL,
    pruned  BIGINT NOT NULL
);

-- Who is signed in. The token itself is only in the browser.
CREATE TABLE sessions (
    token_hash   BLOB   NOT NULL PRIMARY KEY,
    user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device       TEXT   NOT NULL,
    address      TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Conversations not yet published: one mutable row each, heard of by their creator alone. Once
-- published, the row only says which conversation it became.
CREATE TABLE drafts (
    key        BLOB   NOT NULL PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    subject    TEXT   NOT NULL,
    recipients TEXT   NOT NULL,
    format     TEXT   NOT NULL,
    text       TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    published  BLOB
);
CREATE INDEX drafts_list ON drafts (user_id, updated_at DESC, key) WHERE published IS NULL;

-- What a request with an Idempotency-Key was answered.
CREATE TABLE idempotency (
    user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key          TEXT   NOT NULL,
    request_hash BLOB   NOT NULL,
    status       BIGINT NOT NULL,
    answer       BLOB   NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- Work to be done after the transaction that caused it.
CREATE TABLE jobs (
    id         INTEGER PRIMARY KEY,
    name       TEXT   NOT NULL,
    payload    TEXT   NOT NULL,
    run_at     BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    last_error TEXT
);
CREATE INDEX jobs_due ON jobs (run_at, id);
