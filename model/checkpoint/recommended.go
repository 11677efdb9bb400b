package checkpoint

import "encoding/json"

// recommended returns the numbers of a generation_config.json, by their keys:
// "temperature", "top_p" and so on. It returns nil for a checkpoint whose makers
// want no sampling, or say nothing of it.
func recommended(raw []byte) map[string]float64 {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil || string(all["do_sample"]) == "false" {
		return nil
	}
	var numbers map[string]float64
	for key, value := range all {
		var v *float64
		if json.Unmarshal(value, &v) == nil && v != nil { // JSON has finite numbers only
			if numbers == nil {
				numbers = map[string]float64{}
			}
			numbers[key] = *v
		}
	}
	return numbers
}
