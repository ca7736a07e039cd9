// Which network dreams, and which of its layers each strip raises.

export function dreaming(show) {
  const network = show.at("/dream/network");
  return network.options[show.value(network) ?? 0];
}

// The layer that a strip raises, as the show takes it.
export function layerOf(show, number) {
  const network = show.networks[dreaming(show)];
  const parameter = show.at(`/strip/${number}/layer`);
  const name = parameter.options[show.value(parameter) ?? 0];
  return network.layers.includes(name) ? name : network.stops[number - 1];
}
