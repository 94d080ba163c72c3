set -eux; apt-get update && apt-get install -y --no-install-recommends curl $(cat list) \
  && rm -rf /var/lib/apt/lists/* || { echo "$?"; exit 1; }
