#!/bin/sh
# Run once by the postgres image, when its volume is new: the login that owns the schema, and its database. The login of
# the application and the roles come with the migrations.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres --set=password="$DATABASE_OWNER_PASSWORD" <<'SQL'
CREATE ROLE taskwire_owner LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE taskwire OWNER taskwire_owner;
SQL
