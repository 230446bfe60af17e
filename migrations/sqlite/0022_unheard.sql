-- Since when a conversation is kept though nobody here takes part, because whoever began it may still add somebody.
ALTER TABLE conversations ADD COLUMN unheard_since BIGINT;
CREATE INDEX conversations_unheard ON conversations (unheard_since) WHERE unheard_since IS NOT NULL;
