-- Two commits of one leader for one slot, in their exact bytes: proof that it wrote two histories. Of the actions that
-- they order, the headers and who signed them; their words stay where redaction finds them.
CREATE TABLE evidence (
    conv         BYTEA  NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    seq          BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    held         BYTEA  NOT NULL,
    held_by      TEXT   NOT NULL,
    held_header  BYTEA  NOT NULL,
    held_stamps  TEXT   NOT NULL,
    other        BYTEA  NOT NULL,
    other_by     TEXT   NOT NULL,
    other_header BYTEA  NOT NULL,
    other_stamps TEXT   NOT NULL,
    found_at     BIGINT NOT NULL,
    PRIMARY KEY (conv, seq, kind)
);
