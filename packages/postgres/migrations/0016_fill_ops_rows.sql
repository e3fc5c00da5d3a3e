-- Copies the rows that were there before step 15, five hundred in one transaction.
--
-- in steps

select dueline.fill_ops_rows(500)
;
