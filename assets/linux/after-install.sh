#!/bin/sh
# Run by dpkg when the package has been put in place. electron-builder fills in the names in braces.
set -e
home='/opt/${sanitizedProductName}'

# Chromium locks its pages in by user namespaces. Where the kernel gives programs none, a helper does it, which runs as root.
mode=0755
[ "$(cat /proc/sys/kernel/unprivileged_userns_clone 2>/dev/null)" != 0 ] || mode=4755
unshare --user true 2>/dev/null || mode=4755
chmod "$mode" "$home/chrome-sandbox"

# Ubuntu gives namespaces only to programs with a profile, since 24.04. An older AppArmor cannot read it, and needs none.
profile='/etc/apparmor.d/${executable}'
if command -v apparmor_parser >/dev/null && apparmor_parser --skip-kernel-load "$home/resources/apparmor-profile" 2>/dev/null; then
  cp "$home/resources/apparmor-profile" "$profile"
  apparmor_parser --replace "$profile" 2>/dev/null || true
fi
