#include "common/aws/sns.h"

#include <fmt/core.h>

#include "common/aws/sigv4.h"
#include "common/aws/xml.h"
#include "common/base/control_characters.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::aws {
namespace {

constexpr std::size_t subject_characters_max = 99;  // "less than 100"

bool continues_a_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

std::string sns_subject(std::string_view text) {
  std::string subject;
  for (const char byte : trim(text)) {
    if (subject.size() == subject_characters_max) break;
    if (is_control(byte)) {
      subject += ' ';
    } else if (static_cast<unsigned char>(byte) < 0x80) {
      subject += byte;
    } else if (!continues_a_character(byte)) {
      subject += '?';
    }
  }
  return std::string(trim(subject));
}

std::string publish_form(const Publication& publication) {
  Parameters parameters{{"Action", "Publish"},
                        {"Version", "2010-03-31"},
                        {"TopicArn", publication.topic_arn},
                        {"Message", publication.message}};
  if (!publication.subject.empty()) parameters.emplace_back("Subject", publication.subject);
  return encode_query(parameters);
}

Sns::Sns(ServiceClient& client, std::string_view region)
    : client_(client), service_(service_at("sns", region, client.options().variables)) {}

std::string Sns::publish(const Publication& publication, CredentialsSource& as) {
  const ServiceCall call{
      .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
      .body = publish_form(publication),
      .what = fmt::format("sns:Publish to {}", publication.topic_arn)};
  const Credentials used = as.fetch();
  ServiceClient::Reply reply = client_.call(service_, call, &used);
  if (reply.refusal.code.starts_with("ExpiredToken")) {
    const Credentials renewed = as.renew(used);
    if (!(renewed == used)) reply = client_.call(service_, call, &renewed);
  }
  if (!reply.succeeded()) throw refusal_error(call, reply);
  const auto document = parse_xml(reply.body);
  const XmlElement* result = document ? document->child("PublishResult") : nullptr;
  const std::string id = result == nullptr ? "" : head(result->text_of("MessageId"), 100);
  if (id.empty()) {
    throw Error(ErrorKind::unavailable,
                fmt::format("{} was answered without the id of a message", call.what));
  }
  return id;
}

}  // namespace pipeline::aws
