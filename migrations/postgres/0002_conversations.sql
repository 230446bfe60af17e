-- What is needed of a conversation to take its next action (core, as the model writes it), and what
-- a row of the list shows.
CREATE TABLE conversations (
    key          BYTEA   NOT NULL PRIMARY KEY,
    creator      TEXT    NOT NULL,
    leader       TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL,
    epoch        BIGINT  NOT NULL,
    seq          BIGINT  NOT NULL,
    head         BYTEA   NOT NULL,
    at           BIGINT  NOT NULL,
    subject      TEXT    NOT NULL,
    expiry       BIGINT,
    expired      BOOLEAN NOT NULL,
    labels       TEXT    NOT NULL,
    core         TEXT    NOT NULL,
    people       TEXT    NOT NULL,
    people_count BIGINT  NOT NULL,
    preview      TEXT    NOT NULL,
    preview_by   TEXT,
    preview_seq  BIGINT  NOT NULL,
    last         BYTEA   NOT NULL
);
CREATE INDEX conversations_expiry ON conversations (expiry) WHERE expiry IS NOT NULL AND NOT expired;

-- Who takes part or took part: one row per participant.add. Of people with an account here also
-- their place in their list; once removed, the row of the list as it was then.
CREATE TABLE participants (
    conv        BYTEA   NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    item        BYTEA   NOT NULL,
    address     TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    role        TEXT    NOT NULL,
    platform    TEXT,
    history     TEXT    NOT NULL,
    from_key    BYTEA,
    since_seq   BIGINT  NOT NULL,
    added_seq   BIGINT  NOT NULL,
    removed_seq BIGINT,
    seen_seq    BIGINT  NOT NULL,
    seen_at     BIGINT  NOT NULL,
    user_id     BIGINT REFERENCES users (id),
    read_seq    BIGINT  NOT NULL,
    news_seq    BIGINT  NOT NULL,
    last_at     BIGINT  NOT NULL,
    wrote       BOOLEAN NOT NULL,
    frozen      TEXT,
    PRIMARY KEY (conv, item)
);
CREATE UNIQUE INDEX participants_user ON participants (conv, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX participants_list ON participants (user_id, last_at DESC, conv DESC) WHERE user_id IS NOT NULL;
CREATE INDEX participants_sent ON participants (user_id, last_at DESC, conv DESC) WHERE wrote;
CREATE INDEX participants_unread ON participants (user_id) WHERE news_seq > read_seq;

-- The log: the exact bytes that were signed. The author's and the leader's signature stand apart.
CREATE TABLE actions (
    conv       BYTEA  NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    seq        BIGINT NOT NULL,
    key        BYTEA  NOT NULL,
    nonce      BYTEA  NOT NULL,
    model      TEXT   NOT NULL,
    verb       TEXT   NOT NULL,
    item       BYTEA,
    header     BYTEA  NOT NULL,
    body       BYTEA,
    missing    TEXT,
    stamps     TEXT   NOT NULL,
    commit_key BYTEA  NOT NULL,
    commit_raw BYTEA  NOT NULL,
    commit_by  TEXT   NOT NULL,
    refused    TEXT,
    PRIMARY KEY (conv, seq)
);
CREATE UNIQUE INDEX actions_key ON actions (key);
CREATE UNIQUE INDEX actions_nonce ON actions (conv, nonce);
CREATE INDEX actions_item ON actions (conv, item, seq) WHERE item IS NOT NULL;

-- Messages in their present form. Earlier versions are read from the log.
CREATE TABLE messages (
    conv      BYTEA  NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    seq       BIGINT NOT NULL,
    key       BYTEA  NOT NULL,
    head      BYTEA  NOT NULL,
    touched   BIGINT NOT NULL,
    author    TEXT   NOT NULL,
    parent    BYTEA,
    at        BIGINT NOT NULL,
    standing  TEXT   NOT NULL,
    missing   TEXT,
    attachments BIGINT NOT NULL,
    done_by   TEXT,
    done_at   BIGINT,
    done_seq  BIGINT,
    edited_by TEXT,
    edited_at BIGINT,
    edited_seq BIGINT,
    format    TEXT   NOT NULL,
    text      TEXT   NOT NULL,
    html      TEXT   NOT NULL,
    renderer  BIGINT NOT NULL,
    PRIMARY KEY (conv, seq)
);
CREATE UNIQUE INDEX messages_key ON messages (key);

-- How far each platform, and each person reached by mail, has got a conversation.
CREATE TABLE deliveries (
    conv          BYTEA  NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    target        TEXT   NOT NULL,
    head_seq      BIGINT NOT NULL,
    acked_seq     BIGINT NOT NULL,
    state         TEXT   NOT NULL,
    attempts      BIGINT NOT NULL,
    next_at       BIGINT NOT NULL,
    first_fail_at BIGINT,
    last_code     TEXT,
    last_detail   TEXT,
    PRIMARY KEY (conv, target)
);
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE acked_seq < head_seq;

-- What each person with an account has been told of, in order.
CREATE TABLE feed (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    n       BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    conv    BYTEA,
    seq     BIGINT,
    draft   BYTEA,
    PRIMARY KEY (user_id, n)
);
