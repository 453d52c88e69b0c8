#include "tests/support/tls_servers.h"

#include "common/base/text.h"

namespace pipeline::test {
namespace {

std::vector<Json> objects_of(const std::string& lines) {
  std::vector<Json> found;
  for (const auto& line : split(lines, '\n')) {
    if (!line.empty()) found.push_back(Json::parse(line));
  }
  return found;
}

}  // namespace

MailServer::MailServer(std::string_view settings)
    : server_("mail_server.py", {},
              {{"settings.json", std::string(settings)}, {"server.pem", certificate_.pem()}}) {}

void MailServer::set(const std::string& name, Json value) {
  Json settings = Json::parse(server_.read("settings.json"));
  settings.set(name, std::move(value));
  server_.write("settings.json", settings.dump());
}

std::vector<Json> MailServer::mails() const {
  return objects_of(server_.read("mails.jsonl"));
}

std::string MailServer::said() const {
  std::string commands;
  for (const auto& line : split(server_.read("smtp.log"), '\n')) {
    const auto at = line.find(" >> ");
    if (at != std::string::npos) commands += line.substr(at + 4) + "\n";
  }
  return commands;
}

HttpsServer::HttpsServer() : server_("https_server.py", {}, {{"server.pem", certificate_.pem()}}) {}

std::vector<Json> HttpsServer::requests() const {
  return objects_of(server_.read("requests.jsonl"));
}

}  // namespace pipeline::test
