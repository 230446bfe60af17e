-- What is found is told apart by the slot that added it (0: the conversation itself): they rise, so that the index grows at
-- the end of each conversation.
DROP INDEX search_rows_item;
CREATE INDEX search_rows_slot ON search_rows (conv, added_seq);
