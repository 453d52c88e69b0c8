// SNS: publishes to a topic.
#pragma once

#include <string>
#include <string_view>

#include "common/aws/service_client.h"

namespace pipeline::aws {

struct Publication {
  std::string topic_arn;
  std::string subject;  // as sns_subject() makes it; empty: none
  std::string message;  // UTF-8, at most sns_message_bytes_max
};

inline constexpr std::size_t sns_message_bytes_max = 256U << 10U;

/// What SNS takes as a subject: less than 100 printable ASCII characters, the first no blank.
/// Others become "?", line breaks and controls blanks.
std::string sns_subject(std::string_view text);

/// The body of the request Publish: a form.
std::string publish_form(const Publication& publication);

/// Thread-safe. Errors are those of ServiceClient, access_denied for a refusal, and
/// unavailable for an answer without a message's id, which is not SNS's.
class Sns {
 public:
  /// Throws config_invalid for a region that is none.
  Sns(ServiceClient& client, std::string_view region);

  /// The id of the message. Credentials that have expired are renewed once.
  std::string publish(const Publication& publication, CredentialsSource& as);

 private:
  ServiceClient& client_;
  Service service_;
};

}  // namespace pipeline::aws
