#!/bin/sh
# Run by dpkg when the package has been taken away, and before a newer one is put in its place. What users keep is not touched.
set -e
profile='/etc/apparmor.d/${executable}'
case "$1" in
  remove | purge)
    if [ -e "$profile" ]; then
      apparmor_parser --remove "$profile" 2>/dev/null || true
      rm "$profile"
    fi
    ;;
esac
