-- Which orders with notifications changed last is known without looking at the others.
create index order_rows_changed on dueline.order_rows (updated_at, id) where json_array_length(row -> 'notifications') > 0
;
