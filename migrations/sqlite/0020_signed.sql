-- What was signed of a record stands together: the header, the signatures over it, the commit, the leader's signature, a
-- line each, packed without losing a byte. Rows from before stay as they are until they are written again.
CREATE TABLE packed (
    conv       BLOB   NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    seq        BIGINT NOT NULL,
    key        BLOB   NOT NULL,
    nonce      BLOB   NOT NULL,
    model      TEXT   NOT NULL,
    verb       TEXT   NOT NULL,
    item       BLOB ,
    signed     BLOB   NOT NULL,
    body       BLOB ,
    missing    TEXT,
    commit_key BLOB   NOT NULL,
    refused    TEXT,
    PRIMARY KEY (conv, seq)
);
INSERT INTO packed
SELECT conv, seq, key, nonce, model, verb, item,
       CAST(CAST(header AS TEXT) || char(10) || stamps || char(10) || CAST(commit_raw AS TEXT) || char(10) || commit_by
            AS BLOB),
       body, missing, commit_key, refused
  FROM actions ORDER BY rowid;
DROP TABLE actions;
ALTER TABLE packed RENAME TO actions;
CREATE UNIQUE INDEX actions_key ON actions (key);
CREATE UNIQUE INDEX actions_nonce ON actions (conv, nonce);
CREATE INDEX actions_item ON actions (conv, item, seq) WHERE item IS NOT NULL;
