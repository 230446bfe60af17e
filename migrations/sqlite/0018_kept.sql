-- Where the words of a draft were meant for that is kept from a refused action, and why they were refused.
CREATE TABLE kept (
    draft BLOB NOT NULL PRIMARY KEY REFERENCES drafts (key) ON DELETE CASCADE,
    conv  BLOB NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    item  BLOB,
    code  TEXT NOT NULL
);
CREATE INDEX kept_conv ON kept (conv);
