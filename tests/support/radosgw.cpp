#include "tests/support/radosgw.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/unique_fd.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/server_process.h"

namespace pipeline::test {
namespace {

constexpr auto start_limit = std::chrono::seconds(100);  // 15 on a quiet machine
constexpr auto poll_every = std::chrono::milliseconds(50);

// One host, one copy of everything, nothing on a disk. @D: the folder. The object store asks the
// monitor for nothing at its start: on a busy machine it asks too early and ends ("wrong fsid").
constexpr std::string_view config = R"([global]
fsid = @FSID
mon host = v1:127.0.0.1:@MON
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = true
mon data = @D/mon
osd data = @D/osd
run dir = @D
crash dir = @D
admin socket = @D/$name.$pid.asok
pid file = @D/$name.pid
log file = @D/$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
osd crush chooseleaf type = 0
osd crush update on start = false
osd class update on start = false
osd objectstore = memstore
memstore device bytes = 1073741824
osd memory target = 939524096
mon data avail crit = 1
ms bind msgr2 = false
mon max pg per osd = 1000
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:@HTTP ssl_endpoint=127.0.0.1:@TLS ssl_certificate=@CERT ssl_private_key=@KEY
rgw data = @D/rgw
rgw thread pool size = 8
rgw gc max objs = 1
rgw dns name = s3.localhost
rgw max listing results = 3
)";

constexpr std::string_view fsid = "6f9a1c52-6c1c-4b35-9d7e-5b4f0f6d2a11";
constexpr std::string_view osd_uuid = "c1d4a9a0-0f36-4f5b-8f50-2f8f5f8f3b77";

bool accepts_connections(int port) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Radosgw::Radosgw()
    : dir_(server_data_parent()),
      mon_port_(free_tcp_port()),
      port_(free_tcp_port()),
      tls_port_(free_tcp_port()) {
  for (const auto* folder : {"mon", "osd", "rgw"}) {
    std::filesystem::create_directories(dir_.file(folder));
  }
  write_config();
  const std::string conf = dir_.file("conf");
  const std::string map = dir_.file("monmap");
  try {
    run({"monmaptool", "--create", "--addv", "a", fmt::format("[v1:127.0.0.1:{}]", mon_port_),
         "--fsid", std::string(fsid), map});
    run({"ceph-mon", "-c", conf, "--mkfs", "-i", "a", "--monmap", map});
    start({"ceph-mon", "-c", conf, "-i", "a", "-f"});
    run({"ceph", "-c", conf, "osd", "new", std::string(osd_uuid)});
    run({"ceph-osd", "-c", conf, "-i", "0", "--mkfs", "--osd-uuid", std::string(osd_uuid)});
    run({"ceph", "-c", conf, "osd", "crush", "add", "osd.0", "1", "root=default", "host=h"});
    start({"ceph-osd", "-c", conf, "-i", "0", "-f"});
    start({"radosgw", "-c", conf, "-n", "client.rgw", "-f"});
    // Two that make the gateway's pools at once may wait for each other for ever.
    wait_until_it_answers();
    for (const auto& [user, key, secret] :
         {std::tuple{"owner", access_key(), secret_key()},
          std::tuple{"stranger", stranger_access_key(), stranger_secret_key()}}) {
      run({"radosgw-admin", "-c", conf, "-n", "client.rgw", "user", "create",
           std::string("--uid=") + user, std::string("--display-name=") + user,
           "--access-key=" + key, "--secret=" + secret});
    }
  } catch (...) {
    for (const pid_t pid : pids_) kill_process(pid);
    throw;
  }
}

Radosgw::~Radosgw() {
  for (auto pid = pids_.rbegin(); pid != pids_.rend(); ++pid) kill_process(*pid);
}

void Radosgw::write_config() const {
  std::string text = replace_all(config, "@FSID", fsid);
  text = replace_all(text, "@MON", std::to_string(mon_port_));
  text = replace_all(text, "@HTTP", std::to_string(port_));
  text = replace_all(text, "@TLS", std::to_string(tls_port_));
  text = replace_all(text, "@CERT", certificate_.ca_file());
  text = replace_all(text, "@KEY", certificate_.key_file());
  dir_.write("conf", replace_all(text, "@D", dir_.path()));
}

void Radosgw::run(std::vector<std::string> argv) const {
  const std::string name = argv.front();
  const auto ran = run_program({.argv = std::move(argv), .time_limit = start_limit});
  if (!ran.ok()) throw Error(ErrorKind::unavailable, name + ": " + tail(ran.text()));
}

void Radosgw::start(std::vector<std::string> argv) {
  pids_.push_back(start_process(std::move(argv), dir_.file("output")));
}

void Radosgw::wait_until_it_answers() const {
  const auto deadline = std::chrono::steady_clock::now() + start_limit;
  while (!accepts_connections(port_) || !accepts_connections(tls_port_)) {
    if (reap(pids_.back()) || std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorKind::unavailable,
                  "radosgw did not start: " + tail(read_text_file(dir_.file("output"))));
    }
    std::this_thread::sleep_for(poll_every);
  }
}

}  // namespace pipeline::test
