-- One row per message and one per conversation (item = conv) for its subject and addresses. The
-- id rises with time: search walks it downwards.
CREATE TABLE search_rows (
    id          INTEGER PRIMARY KEY,
    conv        BLOB   NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    item        BLOB   NOT NULL,
    added_seq   BIGINT NOT NULL,
    until_seq   BIGINT
);
CREATE INDEX search_rows_item ON search_rows (conv, item);

-- Who finds which rows: a search reads these alone, from a person's newest row downwards.
CREATE TABLE search_seen (
    user_id BIGINT NOT NULL,
    id      BIGINT NOT NULL,
    PRIMARY KEY (user_id, id)
) WITHOUT ROWID;

-- The folded words, which Rust has separated by blanks already.
CREATE VIRTUAL TABLE search_words USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii', prefix = '2 3'
);

-- The words that there are, in their order.
CREATE VIRTUAL TABLE search_terms USING fts5vocab (search_words, instance);
