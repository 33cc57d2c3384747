create table orders(id integer primary key, customer integer, amount integer, note text);
create table customers(id integer primary key, name text);
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
insert into orders select i, (i * 7919) % 1009, (i * 31) % 977, printf('note %d %s', i, hex(zeroblob(i % 30))) from n;
with recursive n(i) as (select 0 union all select i + 1 from n where i < 1008)
insert into customers select i, 'customer ' || (i * 17 % 1009) from n;
commit;
create index by_customer on orders(customer, amount);
select count(*), sum(amount), sum(length(note)) from orders;
select c.name, count(*), sum(o.amount), max(o.note) from orders o join customers c on c.id = o.customer
  group by c.name order by sum(o.amount) desc, c.name limit 20;
update orders set note = upper(note) || note where id % 7 = 0;
delete from orders where id % 11 = 0;
select customer % 10, count(distinct amount), group_concat(id % 100, '') from
  (select * from orders where amount < 40 order by note desc, id) group by 1;
vacuum;
pragma integrity_check;
select count(*), sum(length(note)) from orders;
