// The show at the other end of the line: where everything stands, and how to turn it.

const HAND_MS = 200; // what the show says of a control is not heeded until a hand has rested so long
const TURN_MS = 15; // between two messages
const PATIENCE_MS = [250, 500, 1000, 2000];

export class Show {
  constructor(table) {
    Object.assign(this, table);
    this.parameters.forEach((parameter, index) => {
      parameter.index = index;
      [, parameter.group, parameter.name] = parameter.address.match(/^(.*)\/([^/]+)$/);
    });
    this.byAddress = new Map(this.parameters.map((each) => [each.address, each]));
    this.stands = []; // by index
    this.played = []; // the same, and what modulators add
    this.state = {};
    this.onPicture = null;
    this.onLine = () => {};
    this._watching = this.parameters.map(() => []);
    this._hearing = new Map();
    this._held = new Map(); // index -> what the hand left it at
    this._turns = new Map();
    this._tries = 0;
    this._clock = Infinity; // milliseconds from the show's clock to ours
  }

  at(address) {
    return this.byAddress.get(address);
  }

  can(address, count) {
    return this.verbs.some((verb) => verb.address === address && verb.kinds.length === count);
  }

  // `seen` is called now, and whenever the parameter moves, whoever turns it.
  watch(parameter, seen) {
    this._watching[parameter.index].push(seen);
    if (parameter.index in this.stands) seen(this.value(parameter), this.played[parameter.index]);
  }

  // `told` is called whenever a part of the state changes; with undefined where it is gone.
  hear(part, told) {
    if (!this._hearing.has(part)) this._hearing.set(part, []);
    this._hearing.get(part).push(told);
    if (part in this.state) told(this.state[part]);
  }

  value(parameter) {
    return this._held.get(parameter.index)?.value ?? this.stands[parameter.index];
  }

  turn(parameter, value) {
    const { index } = parameter;
    this.hold(parameter);
    this._held.get(index).value = value;
    this._turns.set(index, value);
    this._show(index);
    this._sendSoon();
    this.release(parameter);
  }

  // A hand is on it: until it is released, what comes back does not move it.
  hold(parameter) {
    const held = this._held.get(parameter.index) ?? { hands: 0, value: this.stands[parameter.index] };
    clearTimeout(held.timer);
    held.hands += 1;
    this._held.set(parameter.index, held);
  }

  release(parameter) {
    const held = this._held.get(parameter.index);
    held.hands -= 1;
    if (held.hands) return;
    held.timer = setTimeout(() => {
      this._held.delete(parameter.index);
      this._show(parameter.index);
    }, HAND_MS);
  }

  fire(parameter) {
    this._send(["turn", [parameter.index, null]]);
  }

  do(address, ...given) {
    this._send(["do", address, ...given]);
  }

  look() {
    this._send(["look"]);
  }

  lookAway() {
    this._send(["away"]);
  }

  // The show's monotonic seconds, now.
  now() {
    return (performance.now() - this._clock) / 1000;
  }

  connect() {
    const line = new WebSocket(`ws://${location.host}/line`);
    line.binaryType = "blob";
    this._line = line;
    line.onopen = () => {
      this._tries = 0;
      this._clock = Infinity;
      this.onLine(true);
    };
    line.onmessage = ({ data }) =>
      typeof data === "string" ? this._take(JSON.parse(data)) : this.onPicture?.(data);
    line.onclose = () => {
      this.onLine(false);
      setTimeout(() => this.connect(), PATIENCE_MS[Math.min(this._tries++, 3)]);
    };
  }

  _take({ now, values, state }) {
    this._clock = Math.min(this._clock, performance.now() - now * 1000);
    for (const [index, stands, played] of values) {
      this.stands[index] = stands;
      this.played[index] = played;
    }
    for (const [index] of values) this._show(index);
    for (const [part, told] of Object.entries(state)) {
      this.state[part] = told ?? undefined;
      for (const hear of this._hearing.get(part) ?? []) hear(this.state[part]);
    }
  }

  _show(index) {
    const value = this._held.get(index)?.value ?? this.stands[index];
    for (const seen of this._watching[index]) seen(value, this.played[index]);
  }

  _sendSoon() {
    this._sending ??= setTimeout(() => {
      this._sending = null;
      this._send(["turn", ...this._turns]);
      this._turns.clear();
    }, Math.max(0, TURN_MS - (performance.now() - (this._sentAt ?? 0))));
  }

  _send(wish) {
    this._sentAt = performance.now();
    if (this._line?.readyState === WebSocket.OPEN) this._line.send(JSON.stringify(wish));
  }
}
