import { effectScope, onScopeDispose, ref, watchEffect } from 'vue'
import { levelOf } from './mix'
import type { Sound } from './sounds'

/** Plays the mix. When the component that uses it goes, or is replaced by an update, so does its sound. */
export function useNoise(sounds: Sound[]) {
  const playing = ref(false)
  // A click comes long after setup: what it starts still has to end with the component.
  const scope = effectScope()
  let audio: AudioContext | undefined

  function toggle() {
    playing.value = !playing.value
    if (!audio) {
      const made = new AudioContext()
      scope.run(() => connect(made, sounds))
      audio = made
    }
    if (playing.value) audio.resume()
    else audio.suspend()
  }

  onScopeDispose(() => audio?.close())
  return { playing, toggle }
}

function connect(audio: AudioContext, sounds: Sound[]) {
  const noise = new AudioBufferSourceNode(audio, { buffer: whiteNoise(audio), loop: true })
  for (const { name, filter, frequency, q, gain, sway } of sounds) {
    const band = new BiquadFilterNode(audio, { type: filter, frequency, Q: q })
    const volume = new GainNode(audio, { gain: 0 })
    noise.connect(band).connect(volume).connect(audio.destination)
    if (sway) {
      const swing = new OscillatorNode(audio, { frequency: sway.every })
      swing.connect(new GainNode(audio, { gain: sway.by })).connect(band.frequency)
      swing.start()
    }
    watchEffect(() => volume.gain.setTargetAtTime(levelOf(name) ** 2 * gain, audio.currentTime, 0.05))
  }
  noise.start()
}

function whiteNoise(audio: AudioContext) {
  const seconds = 4
  const buffer = audio.createBuffer(1, audio.sampleRate * seconds, audio.sampleRate)
  const samples = buffer.getChannelData(0)
  for (let index = 0; index < samples.length; index++) samples[index] = Math.random() * 2 - 1
  return buffer
}
