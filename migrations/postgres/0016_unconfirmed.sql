-- Messages that people of other platforms sent while the platform that leads was away: shown until they get their slot,
-- for a week at most.
CREATE TABLE unconfirmed (
    conv       BYTEA  NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    key        BYTEA  NOT NULL PRIMARY KEY,
    n          BIGINT NOT NULL,
    platform   TEXT   NOT NULL,
    record     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX unconfirmed_list ON unconfirmed (conv, n);
CREATE INDEX unconfirmed_age ON unconfirmed (created_at);
