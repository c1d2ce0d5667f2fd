#!/bin/bash
# Two databases and two users, neither of which can read the other's. Run once by the image, when its volume is new.
set -eu

secret() { cat "${SECRETS:-/run/gateway}/$1-password"; }

mysql --defaults-extra-file=<(printf '[client]\nuser=root\npassword="%s"\n' "$(secret root)") <<SQL
CREATE DATABASE gateway CHARACTER SET utf8mb4;
CREATE USER 'gateway'@'%' IDENTIFIED BY '$(secret gateway)';
GRANT ALL ON gateway.* TO 'gateway'@'%';
CREATE DATABASE processor CHARACTER SET utf8mb4;
CREATE USER 'processor'@'%' IDENTIFIED BY '$(secret processor)';
GRANT ALL ON processor.* TO 'processor'@'%';
SQL
