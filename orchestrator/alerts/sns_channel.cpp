// The channel of type sns: the text as a message of a topic.
#include <fmt/core.h>

#include "common/aws/sns.h"
#include "orchestrator/alerts/channels.h"
#include "orchestrator/alerts/outgoing.h"

namespace pipeline {

std::string publish_alert(const SnsAlert& sns, const AlertMessage& composed, Sending& sending) {
  PipelineAws& aws = sending.aws();
  const auto keys = aws.credentials();
  static_cast<void>(keys->fetch());
  const AlertMessage message = outgoing(composed);
  const std::string id =
      aws::Sns(aws.client(), sns.region)
          .publish({.topic_arn = sns.topic_arn,
                    .subject = aws::sns_subject(message.subject),
                    .message = shortened(message.text, aws::sns_message_bytes_max, message.run_id)},
                   *keys);
  return fmt::format("{} has it as message {}", sns.topic_arn, id);
}

}  // namespace pipeline
