-- Commits that were undone because the leader was restored, in their exact bytes, and the headers of what they ordered:
-- a leader that lies could cause the same. Words stay where redaction finds them.
CREATE TABLE undone (
    conv       BLOB   NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    commit_key BLOB   NOT NULL,
    seq        BIGINT NOT NULL,
    commit_raw BLOB   NOT NULL,
    commit_by  TEXT   NOT NULL,
    header     BLOB   NOT NULL,
    stamps     TEXT   NOT NULL,
    undone_at  BIGINT NOT NULL,
    PRIMARY KEY (conv, commit_key)
);
