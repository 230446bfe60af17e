-- What was signed of a record stands together: the header, the signatures over it, the commit, the leader's signature, a
-- line each, packed without losing a byte. Rows from before stay as they are until they are written again.
CREATE TABLE packed (
    conv       BYTEA  NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    seq        BIGINT NOT NULL,
    key        BYTEA  NOT NULL,
    nonce      BYTEA  NOT NULL,
    model      TEXT   NOT NULL,
    verb       TEXT   NOT NULL,
    item       BYTEA,
    signed     BYTEA  NOT NULL,
    body       BYTEA,
    missing    TEXT,
    commit_key BYTEA  NOT NULL,
    refused    TEXT,
    PRIMARY KEY (conv, seq)
);
INSERT INTO packed
SELECT conv, seq, key, nonce, model, verb, item,
       header || '\x0a'::BYTEA || convert_to(stamps, 'UTF8') || '\x0a'::BYTEA || commit_raw || '\x0a'::BYTEA
           || convert_to(commit_by, 'UTF8'),
       body, missing, commit_key, refused
  FROM actions;
DROP TABLE actions;
ALTER TABLE packed RENAME TO actions;
CREATE UNIQUE INDEX actions_key ON actions (key);
CREATE UNIQUE INDEX actions_nonce ON actions (conv, nonce);
CREATE INDEX actions_item ON actions (conv, item, seq) WHERE item IS NOT NULL;
