// Builds the layer gold from silver, then lets old backups go.
#include "stages/commands/transformer_main.h"

int main(int argc, char** argv) {
  return pipeline::transformer_main("gold_transformer", "gold", argc, argv);
}
