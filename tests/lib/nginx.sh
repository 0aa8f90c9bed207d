# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# A real nginx on 127.0.0.1, for one test: source this after sandbox.sh.
#
#   free_port              prints a port that nobody has
#   start_nginx FILE PORT...  with the server blocks in FILE; its error log is $work/nginx/error
#   restart_nginx PORT...  killed, whatever it was sending, and started again
#   new_ca                 $work/ca.pem and a server's certificate, $work/server.pem and -key.pem
#   new_client NAME        a client certificate $work/NAME.pem, $work/NAME-key.pem
PATH=$PATH:/usr/sbin:/sbin

free_port()
{
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

answers()
{
	python3 - "$@" <<'PYTHON'
import socket, sys, time
for port in sys.argv[1:]:
    for attempt in range(200):
        try:
            socket.create_connection(("127.0.0.1", int(port)), 5).close()
            break
        except OSError:
            time.sleep(0.1)
    else:
        sys.exit("nobody answers at port " + port)
PYTHON
}

# run_nginx PORT...
run_nginx()
{
	nginx -p "$work/nginx" -c "$work/nginx/conf" -e "$work/nginx/error" 2>"$work/nginx/stderr" &
	nginx_pid=$!
	answers "$@" || cat "$work/nginx/stderr"
}

# start_nginx FILE PORT...
start_nginx()
{
	mkdir -p "$work/nginx/tmp"
	{
		echo "daemon off; master_process off; worker_processes 1;"
		echo "pid $work/nginx/pid; error_log $work/nginx/error info;"
		echo "events { worker_connections 64; }"
		echo "http { access_log $work/nginx/access; default_type application/octet-stream;"
		for kind in client_body proxy fastcgi uwsgi scgi; do
			echo "${kind}_temp_path $work/nginx/tmp/$kind;"
		done
		cat "$1"
		echo "}"
	} >"$work/nginx/conf"
	shift
	at_exit 'kill $nginx_pid 2>/dev/null; wait $nginx_pid 2>/dev/null'
	run_nginx "$@"
}

restart_nginx()
{
	kill -9 "$nginx_pid"
	wait "$nginx_pid" 2>/dev/null
	run_nginx "$@"
}

new_key()
{
	openssl req -newkey rsa:2048 -nodes -keyout "$work/$1-key.pem" -subj "/CN=$1" \
		-out "$work/$1.csr" 2>"$work/openssl.log"
}

signed_by_ca()
{
	openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca-key.pem" \
		-CAcreateserial -days 3650 -out "$work/$1.pem" -extfile "$work/$1.ext" \
		2>>"$work/openssl.log"
}

new_ca()
{
	openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=test authority" \
		-keyout "$work/ca-key.pem" -out "$work/ca.pem" 2>"$work/openssl.log" || return 1
	echo "subjectAltName = IP:127.0.0.1" >"$work/server.ext"
	new_key server && signed_by_ca server
}

new_client()
{
	echo "extendedKeyUsage = clientAuth" >"$work/$1.ext"
	new_key "$1" && signed_by_ca "$1"
}
