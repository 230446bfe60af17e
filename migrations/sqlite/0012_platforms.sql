-- Other platforms: who they are by their key log, and how delivery to them stands.
CREATE TABLE platforms (
    name          TEXT   NOT NULL PRIMARY KEY,
    incarnation   BLOB ,
    document      BLOB ,
    expires_at    BIGINT NOT NULL,
    attempts      BIGINT NOT NULL,
    next_at       BIGINT NOT NULL,
    first_fail_at BIGINT,
    last_code     TEXT,
    last_detail   TEXT,
    clock_offset  BIGINT NOT NULL
);

-- Actions that have no slot yet, in the order in which they are submitted to who leads.
CREATE TABLE pending (
    conv       BLOB   NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    key        BLOB   NOT NULL,
    n          BIGINT NOT NULL,
    nonce      BLOB   NOT NULL,
    author     TEXT   NOT NULL,
    record     BLOB   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (conv, n)
);
CREATE UNIQUE INDEX pending_key ON pending (key);

-- What is kept of a conversation beside its log while platforms restore: see the core of the protocol.
CREATE TABLE standings (
    conv     BLOB NOT NULL PRIMARY KEY REFERENCES conversations (key) ON DELETE CASCADE,
    standing TEXT NOT NULL
);

-- What is to be sent where: found by the target, because platforms fail as a whole.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_waiting ON deliveries (target, conv) WHERE acked_seq < head_seq;
CREATE INDEX conversations_leader ON conversations (leader, key);
CREATE INDEX participants_platform ON participants (platform, conv) WHERE user_id IS NULL;
-- Read marks up to this time have been delivered too.
ALTER TABLE deliveries ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
