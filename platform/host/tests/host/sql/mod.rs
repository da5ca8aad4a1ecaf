//! The connector `sql` and the capability behind it against real databases: PostgreSQL and MariaDB servers
//! that are started here, and SQLite.

mod bed;
mod binlog;
mod captured;
mod doors;
mod reads;
mod target;
mod types;
