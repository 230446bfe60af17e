-- Messages that people of other platforms sent while the platform that leads was away: shown until they get their slot,
-- for a week at most.
CREATE TABLE unconfirmed (
    conv       BLOB   NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    key        BLOB   NOT NULL PRIMARY KEY,
    n          BIGINT NOT NULL,
    platform   TEXT   NOT NULL,
    record     BLOB   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX unconfirmed_list ON unconfirmed (conv, n);
CREATE INDEX unconfirmed_age ON unconfirmed (created_at);
