-- How many workers in a row ended or fell silent over this work, without a word in between. Tries that a
-- worker reported are counted by `attempt`.
alter table work add column silent bigint not null default 0;
