// Builds the layer silver from staging.
#include "stages/commands/transformer_main.h"

int main(int argc, char** argv) {
  return pipeline::transformer_main("silver_transformer", "silver", argc, argv);
}
