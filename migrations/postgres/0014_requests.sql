-- Whom each person has accepted or blocked: addresses, each with the platform that speaks for it, and platforms with
-- everybody on them.
CREATE TABLE contacts (
    user_id  BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    who      TEXT   NOT NULL,
    platform TEXT   NOT NULL,
    regard   TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (user_id, who)
);

-- Conversations to which somebody unknown has added a person, until that person has answered. Until then the row of
-- the participant names no account: nothing of the conversation is listed, counted, found or told.
CREATE TABLE requests (
    conv     BYTEA  NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    item     BYTEA  NOT NULL,
    user_id  BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sender   TEXT   NOT NULL,
    platform TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (conv, item)
);
CREATE INDEX requests_list ON requests (user_id, at DESC, conv DESC);

-- In which conversations somebody of another platform takes part.
CREATE INDEX participants_address ON participants (address, conv) WHERE user_id IS NULL;
