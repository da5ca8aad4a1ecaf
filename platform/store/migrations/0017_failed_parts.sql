-- Why a part of a run could not be read to its end, if it could not: JSON, as the problem of a batch.
alter table partition add column problem text;
